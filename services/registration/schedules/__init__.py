"""Schedules: when each clinic sees patients, and how many places every slot has (REG-1)."""
