"""The FIX sessions beside that of orders: copies of reports, past reports, settlements; none of them is needed."""
