/** Words of retention. 中文：zh-retention.ts。 */
export const enRetention = {
  'nav.retention': 'Retention',
}
