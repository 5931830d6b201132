# cython: nonecheck=False
# No member is ever None where it is used, and the check would cost on every field.
"""One dictionary as tables, and the check of a message against them.

Shapes  the tags of some messages that passed are remembered. Of a message with the same MsgType and tags in the same
        order only the values are checked: order, repetition, groups and missing fields depend on the tags alone.
Errors  none for what the peer sends: a fault is (SessionRejectReason(373), tag), None if there is none.
Cost    about 15 ns per field, 4 ns where the tags are remembered.
Thread  the loop thread only; a Rules object keeps the state of one check.
Source  FIX 4.4 volume 2, Reject and test case 14; volume 1, repeating groups and data types.
"""

cimport cython
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcmp, memcpy, memset

from engine.codec._fields cimport Fields
from engine.codec._pieces cimport Field
from engine.session.dictionary._component cimport WORDS, Component, Item
from engine.session.dictionary._data_types cimport XML, has_form, is_xml

cdef enum:
    DEEPEST = 8  # groups inside groups
    OUTSIDE = 3  # scopes around every group
    USER_DEFINED = 5000
    SHAPES = 16  # remembered
    LONGEST_SHAPE = 40  # fields
    LONGEST_TYPE = 8  # characters of MsgType(35)

# SessionRejectReason(373)
cdef enum:
    INVALID_TAG = 0
    MISSING = 1
    NOT_IN_MESSAGE = 2
    NO_VALUE = 4
    BAD_VALUE = 5
    BAD_FORMAT = 6
    BAD_XML = 12
    REPEATED = 13
    OUT_OF_ORDER = 14
    GROUP_ORDER = 15
    GROUP_COUNT = 16

cdef struct Step:
    int tag
    int entries  # of the group that the field announces
    bint has_rule  # otherwise any value is right
    Item item

cdef struct Shape:
    int length  # steps, 0: none yet
    int type_length
    unsigned char[LONGEST_TYPE] msg_type
    Step[LONGEST_SHAPE] steps


@cython.final
cdef class Rules:
    """Header, messages, trailer, and the settings that relax the check."""

    cdef Component header, trailer
    cdef dict messages
    cdef object known  # every tag of the dictionary
    cdef bint checks_order, checks_values, checks_group_order, checks_user_defined, allows_fields, allows_values
    cdef int fault, fault_tag
    cdef bytes version
    cdef list scopes  # header, trailer and body of the message, then each group that holds the next one
    cdef Shape[SHAPES] shapes  # of messages that passed
    cdef Step* steps  # where the check notes the tags that it sees, or NULL

    def __cinit__(
        self, Component header not None, dict messages not None, Component trailer not None, known, flags, bytes version not None
    ):
        """`flags` are the Validate... and Allow... keys in the order of the members above.

        `version` is the ApplVerID(1128) of these messages, empty where there is only one.
        """
        self.header, self.messages, self.trailer, self.known = header, dict(messages), trailer, known
        self.version = version
        (
            self.checks_order, self.checks_values, self.checks_group_order, self.checks_user_defined,
            self.allows_fields, self.allows_values,
        ) = flags  # fmt: skip

    def passes(self, Fields fields not None):
        """Say whether a message of this version is sound; False may also mean that it is of another version."""
        cdef int i = fields.find(35)
        cdef Shape* shape
        if i < 0:
            return False
        if self.version and fields.find(1128) >= 0 and self.value(fields, fields.find(1128)) != self.version:
            return False
        shape = &self.shapes[(fields.count + fields.data[fields.fields[i].start]) % SHAPES]
        if self.fits(fields, shape, &fields.fields[i]):
            return True
        body = self.messages.get(self.value(fields, i))
        if body is None:
            return False
        if fields.count > LONGEST_SHAPE or fields.fields[i].length > LONGEST_TYPE:
            return self.walk(fields, <Component>body, NULL) == 0
        shape.length = 0
        if self.walk(fields, <Component>body, shape.steps):
            return False
        shape.steps[i].has_rule = False  # `fits` compares MsgType itself
        shape.length = fields.count
        shape.type_length = fields.fields[i].length
        memcpy(shape.msg_type, fields.data + fields.fields[i].start, shape.type_length)
        return True

    cdef bint fits(self, Fields fields, Shape* shape, Field* msg_type) except -1:
        """Say whether the message has the tags of one that passed, so that only values remain to be checked."""
        cdef int i
        cdef Step* step = shape.steps
        if fields.count != shape.length or msg_type.length != shape.type_length:
            return False
        if memcmp(fields.data + msg_type.start, shape.msg_type, shape.type_length):
            return False
        for i in range(fields.count):
            if fields.fields[i].tag != step.tag:
                return False
            if step.has_rule and not self.is_value_right(fields, i, &step.item):
                return False
            if step.item.has_group and not announces(fields, i, step.entries):
                return False
            step += 1
        return True

    def check(self, Fields fields not None, bytes msg_type not None):
        """Return the first fault of a message that is in the dictionary."""
        self.fault = -1
        self.walk(fields, <Component>self.messages[msg_type], NULL)
        return None if self.fault < 0 else (self.fault, self.fault_tag)

    def __contains__(self, msg_type):
        return msg_type in self.messages

    cdef bytes value(self, Fields fields, int i):
        return PyBytes_FromStringAndSize(<const char*>fields.data + fields.fields[i].start, fields.fields[i].length)

    cdef int walk(self, Fields fields, Component body, Step* steps) except -2:
        """Check every field, section by section, then look for missing ones."""
        cdef uint64_t seen[3][WORDS]
        cdef int section = 0, home, index, tag, i = 0
        cdef Component block
        self.steps = steps
        self.scopes = [self.header, self.trailer, body]
        memset(seen, 0, sizeof(seen))
        while i < fields.count:
            tag = fields.fields[i].tag
            home, block = 1, body
            index = -1 if section == 0 else body.find(tag)
            if index < 0:
                home, block, index = 0, self.header, self.header.find(tag)
            if index < 0:
                home, block, index = 2, self.trailer, self.trailer.find(tag)
            if index < 0 and section == 0:
                home, block, index = 1, body, body.find(tag)
            if index < 0:
                if not self.may_stand(tag):
                    return self.note(NOT_IN_MESSAGE if tag in self.known else INVALID_TAG, tag)
                section = max(section, 1)
                self.remember(i, tag, NULL)
                i += 1
                continue
            if home < section and self.checks_order:
                return self.note(OUT_OF_ORDER, tag)
            section = max(section, home)
            if seen[home][index >> 6] >> (index & 63) & 1:
                return self.note(REPEATED, tag)
            seen[home][index >> 6] |= <uint64_t>1 << (index & 63)
            if not self.is_item_right(fields, i, &block.items[index]):
                return -1
            i = self.walk_group(fields, i, <Component>block.groups[index], 0) if block.items[index].has_group else i + 1
            if i < 0:
                return -1
        tag = self.header.missing(seen[0]) or body.missing(seen[1]) or self.trailer.missing(seen[2])
        return self.note(MISSING, tag) if tag else 0

    cdef int walk_group(self, Fields fields, int count_index, Component group, int depth) except -2:
        """Check the entries after NumInGroup; return the place after them, -1 for a fault."""
        cdef uint64_t seen[WORDS]
        cdef int64_t announced = 0
        cdef int index, last = -1, i = count_index + 1, count_tag = fields.fields[count_index].tag
        cdef int64_t entries = 0
        del self.scopes[OUTSIDE + depth :]
        self.scopes.append(group)
        if depth >= DEEPEST or not fields.copy_int(count_index, &announced):
            return self.note(BAD_FORMAT, count_tag)
        memset(seen, 0, sizeof(seen))
        while i < fields.count:
            index = group.find(fields.fields[i].tag)
            if index < 0 and self.is_beside(fields.fields[i].tag, depth):
                self.remember(i, fields.fields[i].tag, NULL)
                i += 1
                continue
            if index < 0:
                break
            if index == 0:
                if entries and (missing := group.missing(seen)):
                    return self.note(MISSING, missing)
                memset(seen, 0, sizeof(seen))
                entries += 1
                last = -1
            elif entries == 0:
                return self.note(GROUP_ORDER, fields.fields[i].tag)
            if seen[index >> 6] >> (index & 63) & 1 or (index < last and self.checks_group_order):
                return self.note(GROUP_ORDER, fields.fields[i].tag)
            seen[index >> 6] |= <uint64_t>1 << (index & 63)
            last = index
            if not self.is_item_right(fields, i, &group.items[index]):
                return self.blame_count(fields, count_index, group, depth, announced)
            if group.items[index].has_group:
                i = self.walk_group(fields, i, <Component>group.groups[index], depth + 1)
            else:
                i += 1
            if i < 0:
                return -1
        if entries and (missing := group.missing(seen)):
            return self.note(MISSING, missing)
        if self.steps is not NULL:
            self.steps[count_index].entries = <int>entries
        return i if entries == announced else self.note(GROUP_COUNT, count_tag)

    cdef bint is_beside(self, int tag, int depth) except -1:
        """Say whether a tag that is not the group's may stand inside it: one that nothing around the group defines."""
        return self.may_stand(tag) and not self.is_around(tag, depth)

    cdef bint is_around(self, int tag, int depth) except -1:
        cdef int i
        for i in range(OUTSIDE + depth):
            if (<Component>self.scopes[i]).find(tag) >= 0:
                return True
        return False

    cdef int blame_count(self, Fields fields, int count_index, Component group, int depth, int64_t announced) except -2:
        """Name a wrong NumInGroup rather than a wrong value: the value may belong to another field of the message."""
        cdef int64_t entries = 0
        cdef int i = count_index + 1
        while i < fields.count and not self.is_around(fields.fields[i].tag, depth):
            entries += fields.fields[i].tag == group.items[0].tag
            i += 1
        return -1 if entries == announced else self.note(GROUP_COUNT, fields.fields[count_index].tag)

    cdef void remember(self, int i, int tag, const Item* item) noexcept:
        if self.steps is NULL:
            return
        memset(&self.steps[i], 0, sizeof(Step))
        self.steps[i].tag = tag
        if item is not NULL:
            self.steps[i].has_rule = True
            self.steps[i].item = item[0]

    cdef bint is_item_right(self, Fields fields, int i, const Item* item) except -1:
        self.remember(i, item.tag, item)
        return self.is_value_right(fields, i, item)

    cdef inline bint is_value_right(self, Fields fields, int i, const Item* item) except -1:
        cdef Field* field = &fields.fields[i]
        cdef const unsigned char* text = fields.data + field.start
        if field.length == 0:
            return not self.checks_values or self.note(NO_VALUE, field.tag) == 0
        if item.kind and not has_form(text, field.length, item.kind):
            return self.note(BAD_FORMAT, field.tag) == 0
        if item.kind == XML and not is_xml(PyBytes_FromStringAndSize(<const char*>text, field.length)):
            return self.note(BAD_XML, field.tag) == 0
        if not item.has_choices or self.allows_values:
            return True
        if item.are_letters and not item.are_several:
            if field.length == 1 and text[0] < 128 and item.letters[text[0] >> 6] >> (text[0] & 63) & 1:
                return True
        elif is_choice(item, PyBytes_FromStringAndSize(<const char*>text, field.length)):
            return True
        return self.note(BAD_VALUE, field.tag) == 0

    cdef bint may_stand(self, int tag):
        """Say whether a tag that this message does not have may stand in it.

        The versions of a FIXT.1.1 Logon stand in every message of some peers.
        """
        if self.version and (tag == 1137 or tag == 1407 or tag == 1408):
            return True
        return self.allows_fields if tag < USER_DEFINED else not self.checks_user_defined

    cdef int note(self, int reason, int tag) noexcept:
        self.fault, self.fault_tag = reason, tag
        return -1


cdef bint announces(Fields fields, int i, int entries) noexcept:
    cdef int64_t announced
    return fields.copy_int(i, &announced) and announced == entries


cdef bint is_choice(const Item* item, bytes value) except -1:
    """Say whether a value, or each of its parts, is one of those that the dictionary lists."""
    choices = <object>item.choices
    return all([one in choices for one in value.split(b" ")]) if item.are_several else value in choices
