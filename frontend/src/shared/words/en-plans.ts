/** Words of plans. 中文：zh-plans.ts。 */
export const enPlans = {
  'nav.plans': 'Plans',
}
