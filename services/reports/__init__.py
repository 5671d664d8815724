"""The reports service: a projection of what the others tell, exports, imports of people, figures and reports."""
