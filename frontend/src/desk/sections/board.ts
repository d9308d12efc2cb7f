import type { Section } from './section'

export const board: Section = { routes: [], items: [] }
