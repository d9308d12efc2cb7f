/** 保存与销毁用语。English: en-retention.ts. */
export const zhRetention = {
  'nav.retention': '保存与销毁',
} as const
