import type { Section } from './section'

export const sampling: Section = { routes: [], items: [] }
