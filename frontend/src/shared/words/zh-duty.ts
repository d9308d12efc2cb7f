/** 值班与物资用语。English: en-duty.ts. */
export const zhDuty = {
  'nav.duty': '值班与物资',
} as const
