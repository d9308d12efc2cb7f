/** Words of sweeps. 中文：zh-sweeps.ts。 */
export const enSweeps = {
  'nav.sweeps': 'Sweeps',
}
