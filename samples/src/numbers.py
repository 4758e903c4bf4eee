def is_even(n):
    return n % 2 == 0


def add(a, b):
    return a + b


def total(values):
    result = 0
    for value in values:
        result += value
    return result
