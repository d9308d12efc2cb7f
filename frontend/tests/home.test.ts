/** Every kind of post lands on a page that it may open: the first page after signing in is never a refusal. */
import { afterEach, describe, expect, it } from 'vitest'
import { canAny, home, me } from '../src/desk/session'
import { SECTION_ROUTES } from '../src/desk/sections'
import type { Me } from '../src/shared/types'
import source from '../src/desk/router.ts?raw'
import pack from '../../packs/base/posts.yaml?raw'

const kinds = [...pack.matchAll(/\{code: (\w+),.*capabilities: \[([^\]]*)\]/g)].map((one) => ({
  code: one[1]!,
  capabilities: one[2]!.split(',').map((each) => each.trim()),
}))
/** The pages that `router.ts` adds to the sections, as it has them. */
const own = (path: string) => source.includes(`path: '${path}'`)
function needs(path: string): string | readonly string[] | undefined | null {
  const section = SECTION_ROUTES.find((one) => one.path === path)
  if (section) return section.meta?.capability as string | string[] | undefined
  if (!own(path)) return null
  return new RegExp(`path: '${path}',\\s[^\\n]*(?:\\n[^\\n]*){0,2}?capability: '([^']+)'`).exec(source)?.[1]
}
const HOMES: Record<string, string> = {
  duty_officer: '/duty-log',
  upper_authority: '/responses',
  health_worker: '/care',
  tracer: '/tracing',
  store_keeper: '/stock',
  audit_admin: '/retention',
  grid_worker: '/desk',
}

describe('the page after signing in', () => {
  afterEach(() => {
    me.value = null
  })
  it('reads every kind of the pack', () => {
    expect(kinds.length).toBe((pack.match(/^ {2}- \{code:/gm) ?? []).length)
  })
  it.each(kinds)('$code may open it', ({ code, capabilities }) => {
    me.value = { capabilities, posts: [] } as unknown as Me
    const needed = needs(home().slice(1))
    expect(needed, `${home()} is a page`).not.toBeNull()
    expect(!needed || canAny(needed), `${home()} needs ${String(needed)}`).toBe(true)
    if (HOMES[code]) expect(home()).toBe(HOMES[code])
  })
})
