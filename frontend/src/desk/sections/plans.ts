import type { Section } from './section'

export const plans: Section = { routes: [], items: [] }
