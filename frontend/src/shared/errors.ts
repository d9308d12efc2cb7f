/** What went wrong, in the reader's language. */
import type { Lang } from './i18n'
import type { ErrorBody } from './types'
import { WORDS, fill, lang } from './i18n'

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly body: ErrorBody,
  ) {
    super(body.message_en || body.message || body.code)
    this.name = 'ApiError'
  }

  get code(): string {
    return this.body.code
  }

  get field(): string {
    return this.body.field
  }

  /** Nobody knows whether the server did it: asking again with the same key is right. */
  get isUnanswered(): boolean {
    return this.status === 0 || this.status >= 500
  }

  sentence(inLang: Lang = lang.value): string {
    const own = inLang === 'en' ? this.body.message_en : this.body.message_zh
    return own || this.body.message || WORDS[inLang]['error.unknown']
  }
}

function ours(status: number, code: string, key: keyof (typeof WORDS)['zh'], params = {}): ApiError {
  return new ApiError(status, {
    code,
    message: '',
    message_zh: fill(WORDS.zh[key], params),
    message_en: fill(WORDS.en[key], params),
    field: '',
    params: {},
  })
}

function isErrorBody(value: unknown): value is ErrorBody {
  return typeof value === 'object' && value !== null && typeof (value as ErrorBody).code === 'string'
}

/** The error that an answer stands for. An answer in another shape still becomes a clear sentence. */
export function errorFromAnswer(status: number, payload: unknown): ApiError {
  const inner = (payload as { error?: unknown } | null)?.error
  if (isErrorBody(inner)) {
    return new ApiError(status, { ...inner, field: inner.field ?? '' })
  }
  if (status === 401) return ours(status, 'sign-in-required', 'error.signIn')
  if (status === 403) return ours(status, 'refused', 'error.refused')
  if (status === 404) return ours(status, 'not-found', 'error.notFound')
  if (status === 409) return ours(status, 'conflict', 'error.conflict')
  if (status === 413) return ours(status, 'too-large', 'error.tooLarge')
  if (status === 429) return ours(status, 'too-many', 'error.tooMany')
  if (status >= 500) return ours(status, 'server', 'error.server', { status })
  return ours(status, 'unknown', 'error.unknown')
}

export function unreachable(): ApiError {
  return ours(0, 'unreachable', 'error.unreachable')
}

export function asApiError(thrown: unknown): ApiError {
  return thrown instanceof ApiError ? thrown : unreachable()
}
