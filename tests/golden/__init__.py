"""Lines as releases wrote them, and the types with which releases read them: never changed, only added to."""
