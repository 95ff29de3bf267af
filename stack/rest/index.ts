/** The embedded stack's REST API. Nobody else knows which library is behind it. */

export { createRestService, type RestService } from './service.ts'
