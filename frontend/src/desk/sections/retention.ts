import type { Section } from './section'

export const retention: Section = { routes: [], items: [] }
