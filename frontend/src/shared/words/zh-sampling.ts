/** 采样与发放用语。English: en-sampling.ts. */
export const zhSampling = {
  'nav.sampling': '采样与发放',
} as const
