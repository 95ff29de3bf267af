/** Gives components the stores and actions of the page that they are on. */

import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Dashboard } from './dashboard.ts'

export const DashboardContext = createContext<Dashboard | null>(null)

export function useDashboard(): Dashboard {
  const dashboard = useContext(DashboardContext)
  if (dashboard === null) throw new Error('a component is outside of the dashboard')
  return dashboard
}
