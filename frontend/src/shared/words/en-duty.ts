/** Words of duty. 中文：zh-duty.ts。 */
export const enDuty = {
  'nav.duty': 'Duty and stock',
}
