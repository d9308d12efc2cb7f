/** Words of sampling. 中文：zh-sampling.ts。 */
export const enSampling = {
  'nav.sampling': 'Sampling',
}
