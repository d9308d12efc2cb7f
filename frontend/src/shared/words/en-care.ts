/** Words of care. 中文：zh-care.ts。 */
export const enCare = {
  'nav.care': 'Home isolation',
}
