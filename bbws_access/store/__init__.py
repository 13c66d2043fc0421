"""The single table: reads, conditional and transactional writes, paged queries; nothing more clever."""
