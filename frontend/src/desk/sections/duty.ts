import type { Section } from './section'

export const duty: Section = { routes: [], items: [] }
