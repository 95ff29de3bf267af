// The page's own script: lists all messages. Toasts and the indicator work without it.
const live = window.getDashboardWebSocket()
const events = document.getElementById('events')

live?.on('message', (message) => {
  const line = document.createElement('li')
  const time = document.createElement('time')
  time.dateTime = message.timestamp
  time.textContent = new Date(message.timestamp).toLocaleTimeString()
  line.append(time, message.type.replaceAll('_', ' '))
  events?.prepend(line)
})

live?.on('reload', () =>
  window.showToast('Reload the page', 'Too much has happened to tell it all.', 'warning'),
)
