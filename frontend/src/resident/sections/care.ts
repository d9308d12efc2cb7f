import type { RouteRecordRaw } from 'vue-router'

export const care: RouteRecordRaw[] = []
