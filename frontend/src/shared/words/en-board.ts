/** Words of board. 中文：zh-board.ts。 */
export const enBoard = {
  'nav.board': 'Command board',
}
