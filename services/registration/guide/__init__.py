"""The guide (智能导诊): from symptoms to a clinic and its level, or to the emergency department (REG-10)."""
