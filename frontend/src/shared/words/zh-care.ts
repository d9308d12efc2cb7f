/** 居家隔离用语。English: en-care.ts. */
export const zhCare = {
  'nav.care': '居家隔离',
} as const
