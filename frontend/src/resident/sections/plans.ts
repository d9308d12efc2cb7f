import type { RouteRecordRaw } from 'vue-router'

export const plans: RouteRecordRaw[] = []
