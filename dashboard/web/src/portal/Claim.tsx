export default function Claim({ id }: { id: string }) { return <p>{id}</p>; }
