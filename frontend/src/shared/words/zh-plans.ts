/** 预案与响应用语。English: en-plans.ts. */
export const zhPlans = {
  'nav.plans': '预案与响应',
} as const
