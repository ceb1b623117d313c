"""The playbooks' cases on a real model: what a playbook is worth, in points, tokens and money."""
