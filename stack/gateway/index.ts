/** One HTTP port for all of the stack's services. */

export { createGateway, type Gateway } from './gateway.ts'
