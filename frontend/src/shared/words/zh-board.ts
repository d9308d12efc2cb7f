/** 指挥板用语。English: en-board.ts. */
export const zhBoard = {
  'nav.board': '指挥板',
} as const
