/** @jsxImportSource react */
import { createClient } from '@supabase/supabase-js'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { DashboardWebSocketClient, limitAuthRequests } from '../../src/client/index.ts'
import { App } from './app.tsx'
import '../style.css'

interface Config {
  supabaseUrl: string
  publishableKey: string
}

const response = await fetch('./config.json')
const { supabaseUrl, publishableKey }: Config = await response.json()
const supabase = createClient(supabaseUrl, publishableKey, { global: { fetch: limitAuthRequests() } })
const client = new DashboardWebSocketClient({ supabase })

const root = document.getElementById('root')
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App supabase={supabase} client={client} />
    </StrictMode>,
  )
}
