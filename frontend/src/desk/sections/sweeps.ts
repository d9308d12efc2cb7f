import type { Section } from './section'

export const sweeps: Section = { routes: [], items: [] }
