"""Conditions of experiment files: names, numbers, comparisons and arithmetic, and nothing else of Python."""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

__all__ = ["Expression", "ExpressionError"]

_TWO: Final[dict[type[ast.AST], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Eq: operator.eq,
    ast.NotEq: operator.ne, ast.GtE: operator.ge, ast.Gt: operator.gt,
}  # fmt: skip
_ONE: Final[dict[type[ast.AST], Callable[[Any], Any]]] = {ast.Not: operator.not_, ast.USub: operator.neg}


class ExpressionError(ValueError):
    """It is no such expression, or it can't be worked out; the message says why."""


class Expression:
    """One condition, read once.

    Args:
        text: as in the file.

    Attributes:
        names: that it asks for, in order.

    Raises:
        ExpressionError: it holds something that is not allowed.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._body = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError) as error:
            raise ExpressionError(f"{text!r} is no expression: {error}") from error
        self.names = list(dict.fromkeys(node.id for node in ast.walk(self._body) if isinstance(node, ast.Name)))
        self._check(self._body)

    def __call__(self, values: Mapping[str, Any]) -> bool:
        """Whether it holds. A comparison with a measure that is not defined now does not hold.

        Raises:
            ExpressionError: a name has no value, or the arithmetic fails.
        """
        missing = [name for name in self.names if name not in values]
        if missing:
            raise ExpressionError(f"{self.text!r} asks for {', '.join(missing)}; there are {', '.join(sorted(values))}")
        try:
            return bool(_value(self._body, values))
        except (ArithmeticError, TypeError) as error:
            raise ExpressionError(f"{self.text!r} can't be worked out: {error}") from error

    def _check(self, node: ast.AST) -> None:
        match node:
            case ast.BoolOp(values=parts) | ast.Compare(comparators=parts):
                operators = [node.op] if isinstance(node, ast.BoolOp) else node.ops
                parts = parts if isinstance(node, ast.BoolOp) else [node.left, *parts]
                if isinstance(node, ast.Compare) and any(type(operator_) not in _TWO for operator_ in operators):
                    raise ExpressionError(f"{self.text!r}: only < <= == != >= > compare")
                for part in parts:
                    self._check(part)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _TWO:
                self._check(left)
                self._check(right)
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _ONE:
                self._check(operand)
            case ast.Name() | ast.Constant(value=int() | float() | str()):
                pass
            case _:
                raise ExpressionError(f"{self.text!r}: {ast.unparse(node)} is not allowed; names, numbers, comparisons are")


def _value(node: ast.AST, values: Mapping[str, Any]) -> Any:
    found: Any
    match node:
        case ast.Constant(value=value):
            found = value
        case ast.Name(id=name):
            found = values[name]
        case ast.BoolOp(op=ast.And(), values=parts):
            found = all(_value(part, values) for part in parts)
        case ast.BoolOp(values=parts):
            found = any(_value(part, values) for part in parts)
        case ast.UnaryOp(op=op, operand=operand):
            found = _ONE[type(op)](_value(operand, values))
        case ast.BinOp(left=left, op=op, right=right):
            found = _TWO[type(op)](_value(left, values), _value(right, values))
        case ast.Compare(left=left, ops=ops, comparators=others):
            found = _compared([_value(side, values) for side in (left, *others)], ops)
        case _:
            raise AssertionError("a checked expression has no other parts")
    return found


def _compared(sides: list[Any], ops: list[ast.cmpop]) -> bool:
    if any(side is None for side in sides):
        return False
    return all(_TWO[type(op)](one, other) for op, one, other in zip(ops, sides, sides[1:], strict=False))
