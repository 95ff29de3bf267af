/** Draws the list anew when the mailbox has changed. Without this script the page is as useful after a reload. */

const PLACES = ['list', 'actions']

async function redraw() {
  const response = await fetch(location.href)
  if (!response.ok) return
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html')
  const focused = document.activeElement?.getAttribute('href')
  const before = document.querySelectorAll('#list li').length
  for (const id of PLACES) {
    const place = document.getElementById(id)
    const replacement = fresh.getElementById(id)
    if (place !== null && replacement !== null) place.replaceChildren(...replacement.childNodes)
  }
  if (focused) document.querySelector(`#list a[href="${CSS.escape(focused)}"]`)?.focus()
  const added = document.querySelectorAll('#list li').length - before
  const news = document.getElementById('news')
  if (news !== null && added > 0) news.textContent = added === 1 ? '1 new message' : `${added} new messages`
}

const events = new EventSource('/events')
events.addEventListener('change', redraw)
// Messages may have come while the connection was away.
let opened = false
events.addEventListener('open', () => {
  if (opened) void redraw()
  opened = true
})
