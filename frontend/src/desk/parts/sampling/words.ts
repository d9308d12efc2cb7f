/** Words chosen by a code of the server, each named in full, so that none is left over. */
export const STATE_WORDS = {
  draft: 'samp.state.draft',
  proposed: 'samp.state.proposed',
  issued: 'samp.state.issued',
  ended: 'samp.state.ended',
  dropped: 'samp.state.dropped',
} as const
export const KIND_WORDS = { sampling: 'samp.kind.sampling', distribution: 'samp.kind.distribution' } as const
export const NEED_WORDS = {
  people: 'samp.need.people',
  doors: 'samp.need.doors',
  microgrids: 'samp.need.microgrids',
  points: 'samp.need.points',
  tables: 'samp.need.tables',
} as const
export const TAB_WORDS = {
  board: 'samp.tab.board',
  points: 'samp.tab.points',
  missing: 'samp.tab.missing',
  results: 'samp.tab.results',
  log: 'samp.tab.log',
} as const
export const RESULT_WORDS = {
  negative: 'samp.result.negative',
  positive: 'samp.result.positive',
  invalid: 'samp.result.invalid',
} as const
