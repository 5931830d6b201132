cpdef Py_ssize_t write_now(int descriptor, bytes data) except -2
