export function CampaignView({ parts }: { parts: Record<string, string> }) {
  return <h1 tabIndex={-1}>{parts["campaign"]}</h1>
}
