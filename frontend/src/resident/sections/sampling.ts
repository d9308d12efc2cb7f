import type { RouteRecordRaw } from 'vue-router'

export const sampling: RouteRecordRaw[] = []
