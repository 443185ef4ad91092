"""What the hospital is made of, as data: names, diseases, reasons for admission, drugs, tests."""
