/** The endpoints of the command board. */
import { ask } from './http'
import type { Board, BoardResponse } from './types-board'

export const readBoards = () => ask<BoardResponse[]>('/api/board')
export const readBoard = (id: string, query: { place?: string; order?: string; sweep?: string }) =>
  ask<Board>(`/api/board/${encodeURIComponent(id)}`, { query, background: true })
