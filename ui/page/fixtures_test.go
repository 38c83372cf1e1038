package page

import "github.com/a-h/templ"

// fixtures are all pages with believable content, by name.
func fixtures() map[string]templ.Component {
	all := map[string]templ.Component{
		"gallery": GalleryPage(Gallery{Shell: shell("Parts", "settings")}),
	}
	return all
}
