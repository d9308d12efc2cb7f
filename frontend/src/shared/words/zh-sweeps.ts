/** 敲门行动用语。English: en-sweeps.ts. */
export const zhSweeps = {
  'nav.sweeps': '敲门行动',
} as const
