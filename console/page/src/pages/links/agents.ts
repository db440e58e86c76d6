/** A usual browser of each device, as it names itself. */
const SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0"
const CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"

export const AGENTS: Readonly<Record<string, string>> = {
  android: `Mozilla/5.0 (Linux; Android 10; K) ${CHROME} Mobile Safari/537.36`,
  ios: `Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) ${SAFARI} Mobile/15E148 Safari/604.1`,
  windows: `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROME} Safari/537.36`,
  macos: `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${SAFARI} Safari/605.1.15`,
  linux: `Mozilla/5.0 (X11; Linux x86_64) ${CHROME} Safari/537.36`,
  other:
    "Mozilla/5.0 (PlayStation; PlayStation 5/12.00) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/605.1.15",
}

export const DEVICE_NAMES = {
  android: "Android",
  ios: "iPhone, iPad",
  windows: "Windows",
  macos: "Mac",
  linux: "Linux",
  other: "another",
} as const
