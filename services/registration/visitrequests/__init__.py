"""Visit requests: visits that followup asks for, booked by themselves or kept on a worklist until there is a place."""
