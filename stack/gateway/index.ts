/** One HTTP port for all of the stack's services. */

export { type Access, ANONYMOUS, type CheckAccess, createAccessCheck } from './access.ts'
export { createGateway, type Gateway, type GatewayOptions, type GatewayServices } from './gateway.ts'
