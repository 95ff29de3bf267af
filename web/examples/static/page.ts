/** HTML of the server's pages, without inline scripts or styles. */

export interface LivePage {
  userId: string
  email: string
  supabaseUrl: string
  publishableKey: string
}

export function livePage({ userId, email, supabaseUrl, publishableKey }: LivePage): string {
  return html(
    `<body data-user-id="${escapeHtml(userId)}"
      data-supabase-url="${escapeHtml(supabaseUrl)}"
      data-supabase-key="${escapeHtml(publishableKey)}"
      data-token-url="/live-token">
    <header>
      <strong>Acme Claims</strong>
      <span id="ws-connection-status" class="status"></span>
      <span>${escapeHtml(email)}</span>
    </header>
    <main>
      <h1>Good day</h1>
      <p>This page was written by a server. What happens to your claims shows up here by itself.</p>
      <ol id="events" class="events" aria-label="Events"></ol>
    </main>`,
    ['/claimwire.js', '/app.js'],
  )
}

export function signInPage(failed: boolean): string {
  return html(
    `<body>
    <main>
      <h1>Sign in</h1>
      ${failed ? '<p role="alert">That is not right. Try again.</p>' : ''}
      <form method="post" action="/sign-in">
        <label>E-mail <input name="email" type="email" autocomplete="username" required></label>
        <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
        <button>Sign in</button>
      </form>
    </main>`,
    [],
  )
}

function html(body: string, scripts: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Acme Claims</title>
    <link rel="stylesheet" href="/style.css">
    ${scripts.map((source) => `<script src="${source}" defer></script>`).join('\n    ')}
  </head>
  ${body}
  </body>
</html>
`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
