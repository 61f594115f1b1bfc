// A form that comes back refused: to the first field that has to be corrected, wherever on the page it is.
document.querySelector('main [aria-invalid="true"]')?.focus();
