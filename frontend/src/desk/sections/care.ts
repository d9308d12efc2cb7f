import type { Section } from './section'

export const care: Section = { routes: [], items: [] }
